#!/usr/bin/env bash
# Run the kernels' tests under a build with bounds checks and AddressSanitizer.
set -euo pipefail
python=$(realpath -s "${PYTHON:-python}")
root=$(cd "$(dirname "$0")/.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

cp -r "$root"/{skimitate,tests,setup.py,pyproject.toml,README.md,LICENSE} "$copy"
cd "$copy"
rm -f skimitate/kernels/*.so skimitate/kernels/*.c
sed -i 's/boundscheck=False/boundscheck=True/; s/initializedcheck=False/initializedcheck=True/' \
    skimitate/kernels/*.pyx
CFLAGS="-fsanitize=address -O1 -g -fno-omit-frame-pointer" \
    "$python" setup.py --quiet build_ext --inplace
# Python itself leaks by design; what counts is access outside of what was allocated.
export ASAN_OPTIONS=detect_leaks=0
export LD_PRELOAD PYTHONPATH=$copy
LD_PRELOAD=$(gcc -print-file-name=libasan.so)
"$python" -c "import skimitate, sys; sys.exit('$copy' not in skimitate.__file__)"
"$python" -m pytest -q -p no:cacheprovider tests/test_mlp_kernel.py tests/test_recurrent_kernel.py tests/test_normalizer.py
