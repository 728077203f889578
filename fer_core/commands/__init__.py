"""The command line, one file per floor.

A command module is cheap to import (argparse only; everything heavy inside the functions). It has one function

    def register(commands: Commands) -> None

that adds its commands: `parser = commands.add("import", run, "one line of help")`, then arguments on `parser`. `run`
takes the parsed arguments and a `Console`, says what people want to read with `console.say`, and returns the JSON
document that `--json` prints.
"""
