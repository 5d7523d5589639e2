#!/bin/sh
# Runs the verification with the CUDA libraries that this machine has: those of LD_LIBRARY_PATH
# first, then those of a PyTorch for CUDA 13, whose packages bring them. NODE names the binary; in a
# bundle it lies beside the program.
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${NODE:-}" ] && [ -x "$here/../../node" ]; then NODE=$here/../../node; fi
folders() {
  python3 -c 'import site, sys
print("\n".join([*sys.path, *site.getsitepackages(), site.getusersitepackages()]))' 2> /dev/null
  ls -d /usr/local/lib/python3*/*-packages /usr/lib/python3/dist-packages 2> /dev/null
  ls -d /opt/*/lib/python3*/site-packages /opt/*/*/lib/python3*/site-packages 2> /dev/null
}
libraries=$(folders | sort -u | while read -r folder; do
  for found in "$folder/nvidia/cu13/lib" "$folder/nvidia/cudnn/lib"; do
    if [ -d "$found" ]; then printf ':%s' "$found"; fi
  done
done)
libraries=${LD_LIBRARY_PATH:-}$libraries
LD_LIBRARY_PATH=${libraries#:}
export LD_LIBRARY_PATH
exec "${NODE:-node}" "$here/dist/verify.js" "$@"
