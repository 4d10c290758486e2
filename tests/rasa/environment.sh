#!/bin/sh
# Makes .venv-rasa, the environment that Rasa runs in: CPython 3.11 and the packages of requirements/rasa.txt. Does
# nothing when it is there and made from those very packages. RASA_PYTHON: which Python, if it is not found by itself.
set -eu
cd "$(dirname "$0")/../.."
made=.venv-rasa/.made-from
[ -x .venv-rasa/bin/rasa ] && cmp -s requirements/rasa.txt "$made" && exit 0

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; }

python=
for name in ${RASA_PYTHON:-python3.11 "${PYTHON:-python3}" python3 "$HOME"/.pyenv/versions/3.11.*/bin/python}; do
  if fits "$name"; then python=$name && break; fi
done
if [ -z "$python" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv >/dev/null || true
  if fits python3.11; then python=python3.11; fi
fi
if [ -z "$python" ]; then
  echo "Rasa 3.6.21 runs on Python 3.11 here, and there is none (with venv): install it, or set RASA_PYTHON to it." >&2
  exit 1
fi

echo "Installing Rasa 3.6.21 into .venv-rasa (2 GB, some minutes, once)…"
rm -rf .venv-rasa
"$python" -m venv .venv-rasa
install() {
  # multidict comes as source: without its C part nothing here needs a compiler.
  MULTIDICT_NO_EXTENSIONS=1 .venv-rasa/bin/pip install --quiet --disable-pip-version-check --retries 5 --timeout 60 \
    --require-hashes --no-deps --ignore-requires-python -r requirements/rasa.txt
}
# A package index that is busy for a moment is asked once more; what was fetched is in pip's cache.
install || { echo "Once more…" >&2; sleep 10; install; }
TF_CPP_MIN_LOG_LEVEL=2 .venv-rasa/bin/python -W ignore -c 'import rasa.version, tensorflow; print("Rasa", rasa.version.__version__)'
cp requirements/rasa.txt "$made"
