# Debian packages that a part needs. Sourced after common.sh. Each function looks for the thing, not for the package.

# Install packages, each named first. Without root and sudo it says what to type and goes on: the parts that need them
# say so themselves.
install_packages() {
    local missing=("$@") sudo=()
    if [ ${#missing[@]} -eq 0 ]; then return 0; fi
    if [ "$(id -u)" -ne 0 ]; then sudo=(sudo); fi
    if ! command -v apt-get >/dev/null || { [ ${#sudo[@]} -gt 0 ] && ! command -v sudo >/dev/null; }; then
        say "missing and not installable from here: ${missing[*]}"
        say "as root: apt-get install ${missing[*]}"
        return 0
    fi
    say "needs these system packages: ${missing[*]}"
    local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q)
    # Asks for the password here, not behind a progress line.
    if [ ${#sudo[@]} -gt 0 ] && ! sudo -n true 2>/dev/null && ! sudo -v; then
        say "without them some parts stay off; as root: apt-get install ${missing[*]}"
        return 0
    fi
    step "reading the package lists" "${apt[@]}" update || say "going on with the package lists that are here"
    step "installing ${missing[*]}" "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
        say "not installed; some parts stay off until they are"
}

# What set-up builds with.
ensure_system_packages() {
    local python=$1 missing=()
    "$python" -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
    [ -f "$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || missing+=(python3-dev)
    command -v cc >/dev/null || missing+=(gcc)
    command -v c++ >/dev/null || missing+=(g++)
    command -v pkg-config >/dev/null || missing+=(pkg-config)
    pkg-config --exists libsystemd 2>/dev/null || missing+=(libsystemd-dev)
    install_packages "${missing[@]}"
}

# What the tests of the web app look with: a browser, letters, and the tool that makes it trust the box's certificates.
ensure_browser() {
    local missing=()
    command -v chromium >/dev/null || missing+=(chromium)
    command -v certutil >/dev/null || missing+=(libnss3-tools)
    compgen -G '/usr/share/fonts/truetype/*' >/dev/null || missing+=(fonts-dejavu-core)
    install_packages "${missing[@]}"
}

# What the long forms make networks with: hosts on one machine, and the responder of a Debian box beside our own.
# Where systemd runs, Debian starts that responder: it then announces this machine's name in its network.
ensure_network_tools() {
    local missing=() PATH=$PATH:/usr/sbin:/sbin
    command -v ip >/dev/null || missing+=(iproute2)
    command -v avahi-daemon >/dev/null || missing+=(avahi-daemon)
    command -v avahi-publish-service >/dev/null || missing+=(avahi-utils)
    command -v dbus-daemon >/dev/null || missing+=(dbus)
    install_packages "${missing[@]}"
}

# What images are built with: Debian trees, and the emulation that configures packages of another processor. All else
# comes from a tree of tools. Usage: ensure_image_tools ARCHITECTURE
ensure_image_tools() {
    local missing=()
    command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
    if [ -n "$1" ] && [ "$1" != "$(dpkg --print-architecture)" ] && ! arch-test "$1" >/dev/null 2>&1; then
        missing+=(arch-test qemu-user-static binfmt-support)
    fi
    install_packages "${missing[@]}"
    # In a container or a bare machine nobody mounted the list of foreign programs.
    if [ -n "$1" ] && ! arch-test "$1" >/dev/null 2>&1 && [ ! -e /proc/sys/fs/binfmt_misc/register ]; then
        mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null || true
        update-binfmts --enable 2>/dev/null || true
    fi
}
