# shellcheck shell=bash disable=SC2154 # repo is common.sh's
# Configures and builds a preset of CMakePresets.json. Sourced, never run.

# Objects are shared between checkouts: neither the place of the checkout nor of the build folder is
# part of what ccache compares.
export CCACHE_BASEDIR=$repo CCACHE_NOHASHDIR=1

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

# configure PRESET OPTION...: ninja reruns cmake by itself, except for what it cannot see: a room that
# came or went (its CMakeLists.txt), new options or presets.
configure() {
  local preset=$1 folder=$repo/build/$1 inputs
  shift
  inputs=$(echo "$*" && cd "$repo" && sha256sum CMakePresets.json && find billing matching server schemas tests \
    -name node_modules -prune -o \( -name CMakeLists.txt -o -path server/main.cpp \) -print | sort)
  if [ ! -e "$folder/build.ninja" ] || [ "$inputs" != "$(cat "$folder/configured" 2>/dev/null)" ]; then
    (cd "$repo" && run_logged "$repo/build/configure-$preset.log" cmake --preset "$preset" "$@")
    echo "$inputs" >"$folder/configured"
  fi
}

# build PRESET TARGET...: a line that moves on a terminal; else only what goes wrong is shown.
build() {
  local folder=$repo/build/$1 quiet=(--quiet)
  shift
  if [ -t 1 ]; then quiet=(); fi
  ninja -C "$folder" -j "$(build_jobs)" "${quiet[@]}" "$@" </dev/null
}
