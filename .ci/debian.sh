#!/usr/bin/env bash
# Installs Debian's packages that the check needs and a machine may lack: PyTorch to compare with, and a browser.
# Ends with a line `debian: N passed, N failed` of the packages that are there and that could not be had.
packages=(python3-torch chromium)

works() {
  case $1 in
    python3-torch) /usr/bin/python3 -c 'import torch' ;;
    chromium) /usr/bin/chromium --version ;;
  esac >/dev/null 2>&1
}

missing=()
for package in "${packages[@]}"; do works "$package" || missing+=("$package"); done
if ((${#missing[@]})); then
  echo "debian: installing ${missing[*]}"
  root=(env DEBIAN_FRONTEND=noninteractive)
  ((EUID)) && root=(sudo "${root[@]}")
  "${root[@]}" apt-get update -q && "${root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
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
