#!/usr/bin/env bash
# Installs on Debian 12 what is missing, and only that. usage: deploy/lib/install.sh GROUP...
# GROUP: runtime (run the server), build, test, lint, bench. Needs root or sudo only when something is missing.
set -euo pipefail
# shellcheck source=deploy/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# shellcheck disable=SC2034  # the groups are read by name
packages_runtime=(postgresql-15 libphonenumber8 libcurl4 ca-certificates curl jq openssl tzdata)
# shellcheck disable=SC2034
packages_build=(
  clang-16 lld-16 llvm-16 cmake ninja-build ccache pkg-config git
  libboost1.81-dev libboost-url1.81-dev libpqxx-dev libssl-dev rapidjson-dev libexpected-dev
  libspdlog-dev libfmt-dev libc-ares-dev prometheus-cpp-dev libcli11-dev libtomlplusplus-dev
  libyaml-cpp-dev libhowardhinnant-date-dev libidn2-dev libunistring-dev libroaring-dev zlib1g-dev
  libzstd-dev libmimalloc-dev libprotobuf-dev libabsl-dev libeigen3-dev libcurl4-openssl-dev
)
# shellcheck disable=SC2034
packages_test=(libclang-rt-16-dev libgtest-dev libgmock-dev libbenchmark-dev python3-aiosmtpd
  libevent-2.1-7 libfstrm0 libprotobuf-c1 libsystemd0) # what nsd needs, see unpack_program
# The webhook tests verify with the reference library; any Node from 18 on does.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then packages_test+=(nodejs npm); fi
# shellcheck disable=SC2034
packages_lint=(clang-format-16 clang-tidy-16 shellcheck)
# shellcheck disable=SC2034
packages_bench=(libcrypt1 libpcre2-8-0 libssl3 zlib1g) # what nginx needs, see unpack_program

phonenumber_dir=$repo/build/deps/phonenumber
nginx_dir=$repo/build/deps/nginx
nsd_dir=$repo/build/deps/nsd
install_log=$repo/build/install.log

check_debian() {
  local id='' version='' name='an unknown system'
  if [ -r /etc/os-release ]; then
    # shellcheck disable=SC1091
    read -r id version name < <(. /etc/os-release && echo "${ID:-} ${VERSION_ID:-?} ${PRETTY_NAME:-}")
  fi
  [ "$id $version" = 'debian 12' ] ||
    die "Leadex is built and tested on Debian 12 only; this machine runs $name."
}

# Prints those of its arguments that are not installed, one per line.
missing_packages() {
  local installed package
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    grep -qx "installed $package" <<<"$installed" || echo "$package"
  done
}

require_root() {
  [ "$(id -u)" -eq 0 ] && return 0
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    die "packages are missing and this user can neither become root nor use sudo without a password." \
      "As root, run: apt-get install $*"
  fi
}

# Debian's package starts a cluster "main" on port 5432. Leadex brings a private one, so say no
# before the package asks; an administrator's own choice stays as it is.
keep_main_cluster_away() {
  local conf=/etc/postgresql-common/createcluster.conf
  [ -n "$(missing_packages postgresql-common)" ] && [ ! -e "$conf" ] || return 0
  as_root mkdir -p "$(dirname "$conf")"
  as_root tee "$conf" >/dev/null <<<'create_main_cluster = false'
}

# A machine of a CI lives for one run: nobody needs each unpacked file on its disk before the next.
apt_get() {
  local unsafe=()
  if [ -n "${CI:-}" ]; then unsafe=(-o Dpkg::Options::=--force-unsafe-io); fi
  as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
    apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "${unsafe[@]}" "$@"
}

install_packages() {
  require_root "$@"
  say "    installing: $*"
  # An unreachable third-party list is no reason to stop; a package that cannot come is.
  run_logged "$install_log" apt_get update ||
    warn "apt-get update failed; trying with the package lists that are here"
  case " $* " in *" postgresql-15 "*) keep_main_cluster_away ;; esac
  run_logged "$install_log" apt_get install --no-install-recommends "$@" ||
    die "apt-get could not install the missing packages. Is the network up and a Debian 12 mirror in" \
      "/etc/apt/sources.list? Missing: $*"
}

# libphonenumber-dev wants Boost 1.74 and cannot stand beside 1.81, so only its headers are unpacked,
# in the version of the installed library. cmake/phonenumber.cmake looks for them here.
unpack_phonenumber_headers() {
  local version work
  version=$(dpkg-query -W -f '${Version}' libphonenumber8)
  [ "$(cat "$phonenumber_dir/version" 2>/dev/null)" = "$version" ] && return 0
  say "    unpacking the libphonenumber $version headers"
  mkdir -p "$repo/build/deps"
  work=$(mktemp -d "$repo/build/deps/phonenumber.XXXXXX")
  if ! (cd "$work" && run_logged "$install_log" download "libphonenumber-dev=$version"); then
    rm -rf "$work"
    die "libphonenumber-dev $version could not be downloaded. Is the network up?"
  fi
  dpkg -x "$work"/libphonenumber-dev_*.deb "$work/root"
  echo "$version" >"$work/root/version"
  chmod 755 "$work/root"
  rm -rf "$phonenumber_dir"
  mv "$work/root" "$phonenumber_dir"
  rm -rf "$work"
}

# A fresh image has no package lists; reading them needs root, so only when the first try fails.
download() {
  apt-get -q -o APT::Sandbox::User="$(id -un)" download "$1" && return 0
  require_root "${1%%=*}" && apt_get update && apt-get -q -o APT::Sandbox::User="$(id -un)" download "$1"
}

# unpack_program NAME DIR: nginx is what answers are measured against, nsd the name server of the tests.
# Installed, they would start servers on ports 80 and 53; so only their programs are unpacked.
unpack_program() {
  local name=$1 dir=$2 work
  [ -x "$dir/usr/sbin/$name" ] && return 0
  say "    unpacking $name"
  mkdir -p "$repo/build/deps"
  work=$(mktemp -d "$repo/build/deps/$name.XXXXXX")
  if ! (cd "$work" && run_logged "$install_log" download "$name"); then
    rm -rf "$work"
    die "$name could not be downloaded. Is the network up?"
  fi
  dpkg -x "$work/$name"_*.deb "$work/root"
  chmod 755 "$work/root"
  rm -rf "$dir"
  mv "$work/root" "$dir"
  rm -rf "$work"
}

main() {
  local group wanted=() missing
  for group in "$@"; do
    case $group in
      runtime | build | test | lint | bench) ;;
      *) die "unknown group '$group': runtime, build, test, lint or bench" ;;
    esac
    declare -n packages=packages_$group
    wanted+=("${packages[@]}")
  done
  [ "${#wanted[@]}" -gt 0 ] || die 'usage: deploy/lib/install.sh GROUP... (runtime, build, test, lint, bench)'
  check_debian
  mkdir -p "$repo/build"
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [ "${#missing[@]}" -eq 0 ] || install_packages "${missing[@]}"
  case " $* " in *' build '*) unpack_phonenumber_headers ;; esac
  case " $* " in *' test '*) unpack_program nsd "$nsd_dir" ;; esac
  case " $* " in *' bench '*) unpack_program nginx "$nginx_dir" ;; esac
}

main "$@"
