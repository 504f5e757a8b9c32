#!/usr/bin/env bash
# Installs Debian's packages that the check needs and a machine may lack: PyTorch to compare with, a browser, and a Vulkan driver that
# computes on the CPU, so that WebGPU runs without a GPU. The release's own driver is too old for WebGPU: it comes from the backports.
# Ends with a line `debian: N passed, N failed` of the packages that are there and that could not be had.
packages=(python3-torch chromium mesa-vulkan-drivers)

works() {
  case $1 in
    python3-torch) /usr/bin/python3 -c 'import torch' ;;
    chromium) /usr/bin/chromium --version ;;
    mesa-vulkan-drivers) dpkg --compare-versions "$(dpkg-query -W -f='${Version}' "$1")" ge 25 ;;
  esac >/dev/null 2>&1
}

root=(env DEBIAN_FRONTEND=noninteractive)
((EUID)) && root=(sudo "${root[@]}")

# Adds the release's backports, from wherever the machine has its packages.
backports() {
  local codename uri
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  apt-cache policy | grep -q "n=$codename-backports" && return
  # Of the release's own source alone: those of security updates and of others have no backports.
  uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' | awk -v name="$codename" '$2 == name { print $1; exit }')
  echo "deb $uri $codename-backports main" | "${root[@]}" tee /etc/apt/sources.list.d/backports.list >/dev/null
  "${root[@]}" apt-get update -q
}

missing=()
for package in "${packages[@]}"; do works "$package" || missing+=("$package"); done
if ((${#missing[@]})); then
  echo "debian: installing ${missing[*]}"
  "${root[@]}" apt-get update -q
  for package in "${missing[@]}"; do
    release=()
    if [[ $package == mesa-vulkan-drivers ]]; then
      backports
      release=(-t "$(. /etc/os-release && echo "$VERSION_CODENAME")-backports" libvulkan1)
    fi
    "${root[@]}" apt-get install -y -q --no-install-recommends "${release[@]}" "$package"
  done
fi

passed=0 failed=0
for package in "${packages[@]}"; do
  if works "$package"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "debian: $package is needed and could not be installed"
  fi
done
echo "debian: $passed passed, $failed failed"
((failed == 0))
