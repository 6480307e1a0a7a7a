#!/bin/sh
# Prints the first Python of at least 3.12: python3.13, python3.12, python3, python, then pyenv's versions.
fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; }
for name in python3.13 python3.14 python3.12 python3 python; do
  path=$(command -v "$name" 2>/dev/null) && fits "$path" && { echo "$path"; exit 0; }
done
for path in $(ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python 2>/dev/null | sort -rV); do
  fits "$path" && { echo "$path"; exit 0; }
done
exit 0
