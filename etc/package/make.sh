#!/usr/bin/env bash
# etc/package/make.sh VENV [--no-try]: builds a wheel, a single file (shiv) and a .deb (nfpm) into dist/, and
# tries the first two by installing them; the .deb is tried under a real systemd by tests/service.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
venv=$1
python=$venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf 'package: %s\n' "$*" >&2; }

rm -rf build/deb build/pyz build/try dist
mkdir -p build/deb/lib build/try dist
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' daemon/peekd/__init__.py)

say "wheel"
"$python" -m pip wheel -q --no-deps --no-build-isolation --wheel-dir dist .
wheel=(dist/peekd-"$version"-*.whl)

say "single file"
"$python" -m pip install -q --no-deps --require-hashes --target build/pyz -r requirements/run.txt
"$python" -m pip install -q --no-deps --target build/pyz "${wheel[0]}"
rm -rf build/pyz/bin build/pyz/share
"$venv/bin/shiv" --compressed --site-packages build/pyz --entry-point peekd.cli.main:main \
    --python '/usr/bin/env python3' --output-file dist/peekd.pyz >/dev/null 2>build/shiv.log || { cat build/shiv.log && exit 1; }

say "deb"
minor=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
next=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % (sys.version_info[0], sys.version_info[1] + 1))')
"$python" -m pip install -q --no-deps --require-hashes --only-binary :all: --python-version "$minor" \
    --target build/deb/lib -r requirements/run.txt
"$python" -m pip install -q --no-deps --python-version "$minor" --only-binary :all: --target build/deb/lib "${wheel[0]}"
rm -rf build/deb/lib/bin build/deb/lib/share
find build/deb/lib -name __pycache__ -prune -exec rm -rf {} +
/usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash -s build/deb/lib -p /usr/lib/peekd build/deb/lib
gzip -9nc etc/peekd.1 >build/deb/peekd.1.gz
DEB_ARCH=$(dpkg --print-architecture 2>/dev/null || echo amd64) PEEKD_VERSION=$version PYTHON_MINOR=$minor PYTHON_NEXT=$next \
    "$venv/bin/nfpm" package --config etc/package/nfpm.yaml --packager deb --target dist/ >/dev/null

[ "${2:-}" = --no-try ] || {
    say "trying: pip install"
    "$python" -m venv build/try
    build/try/bin/pip install -q --no-deps --require-hashes -r requirements/run.txt
    build/try/bin/pip install -q --no-deps "${wheel[0]}"
    build/try/bin/peekd --version
    build/try/bin/peekd service install --dry-run --program /opt/peekd/bin/peekd >/dev/null
    [ -f build/try/share/man/man1/peekd.1 ]
    say "trying: single file"
    SHIV_ROOT=build/try/shiv "$python" dist/peekd.pyz --version
    ! command -v man >/dev/null || [ -z "$(man --warnings -E UTF-8 -l -Tutf8 -Z etc/peekd.1 2>&1 >/dev/null)" ]
}
ls -l dist >&2
