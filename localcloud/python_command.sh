#!/bin/sh
# Stands for the interpreter beside it; see python_command.py.
here=${0%/*}
if [ "$*" = "-m pip list -v --format json" ]; then
    exec cat "$here/packages.json"
fi
read -r interpreter < "$here/interpreter"
exec "$interpreter" "$@"
