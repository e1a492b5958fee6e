# shellcheck shell=bash disable=SC2154 # repo is common.sh's
# Configures and builds a preset of CMakePresets.json. Sourced, never run.

# A Beast file takes 0.5 GB to compile, more with sanitizers: as many jobs as cores and memory bear.
build_jobs() {
  local by_memory cores
  by_memory=$(awk '/^MemAvailable:/ { print int($2 / 1200000) }' /proc/meminfo)
  cores=$(nproc)
  if [ "$by_memory" -lt 1 ]; then by_memory=1; fi
  echo $((by_memory < cores ? by_memory : cores))
}

# One at a time per build folder, since several var folders may share it.
lock_build() {
  mkdir -p "$repo/build"
  exec {build_lock}>"$repo/build/$1.lock"
  flock "$build_lock"
}

unlock_build() { exec {build_lock}>&-; }

# configure PRESET OPTION...: with the presets older than the build files ninja sees to the rest itself.
configure() {
  local preset=$1 folder=$repo/build/$1
  shift
  if [ ! -e "$folder/build.ninja" ] || [ "$repo/CMakePresets.json" -nt "$folder/build.ninja" ]; then
    (cd "$repo" && run_logged "$repo/build/configure-$preset.log" cmake --preset "$preset" "$@")
  fi
}

# build PRESET TARGET...: a line that moves on a terminal; else only what goes wrong is shown.
build() {
  local folder=$repo/build/$1 quiet=(--quiet)
  shift
  if [ -t 1 ]; then quiet=(); fi
  ninja -C "$folder" -j "$(build_jobs)" "${quiet[@]}" "$@" </dev/null
}
