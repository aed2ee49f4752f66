# Installs missing Debian packages; sourced by the other scripts. As root, or through sudo.
# Usage: install_packages NAME...

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' ||
            missing+=("$name")
    done
    [ "${#missing[@]}" = 0 ] && return 0
    if ! command -v apt-get >/dev/null; then
        echo "This script installs Debian packages and found no apt-get. Needed: ${missing[*]}" >&2
        exit 69
    fi
    say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null
}

BUILD_PACKAGES=(
    g++ cmake ninja-build ccache pkg-config
    libboost-dev libcli11-dev libcpp-httplib-dev libcrypto++-dev libcurl4-openssl-dev
    libexpected-dev libfmt-dev libsecp256k1-dev libspdlog-dev libsqlite3-dev libssl-dev
    libtomlplusplus-dev nlohmann-json3-dev prometheus-cpp-dev
)
TEST_PACKAGES=(clang clang-format clang-tidy fish groff-base jq libfaketime libgmock-dev libgtest-dev lld
    openssl sqlite3 strace systemd tzdata zsh)

# Takes one program out of a Debian package without installing it: installing a service starts it,
# and the tests start theirs themselves. Usage: fetch_program PACKAGE PROGRAM ROOT [FOLDER]; FOLDER, of
# the same package, is put where the program looks for it.
fetch_program() {
    local package=$1 program=$2 tools=$3/build/tools folder=${4:-} work
    if command -v "$program" >/dev/null; then return 0; fi
    if [ -x "$tools/$program" ] && { [ -z "$folder" ] || [ -d "$folder" ]; }; then return 0; fi
    say "Fetching $program"
    work=$(mktemp -d)
    (
        cd "$work"
        apt-get download -qq "$package" 2>/dev/null ||
            { as_root apt-get update -qq && apt-get download -qq "$package"; }
        dpkg-deb -x "$package"_*.deb .
    )
    mkdir -p "$tools"
    cp "$work/usr/bin/$program" "$tools/$program"
    if [ -n "$folder" ]; then
        as_root mkdir -p "$folder"
        as_root cp -R "$work$folder/." "$folder/"
    fi
    rm -rf "$work"
}

# Node runs the local test chain only; the daemon never needs it.
need_node() {
    if command -v node >/dev/null && command -v npm >/dev/null &&
        [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]; then
        return 0
    fi
    install_packages nodejs npm
}

# Packages of the local test chain, once per lock file.
install_devnet() {
    local folder=$1/tests/devnet stamp
    stamp=$folder/node_modules/.plimsoll-lock
    need_node
    if ! cmp -s "$folder/package-lock.json" "$stamp" 2>/dev/null; then
        say "Installing the local test chain (npm)"
        (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
        cp "$folder/package-lock.json" "$stamp"
    fi
}
