"""``python -m miniapp_stub.demo``: play the story, print it, exit 0 only if every check held."""

import argparse
import json
import sys
from pathlib import Path

from miniapp_stub.demo.state import Story
from miniapp_stub.demo.story import STEPS
from miniapp_stub.demo.wire import CheckFailed, Refused


def main() -> int:
    """Play; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m miniapp_stub.demo", description=__doc__)
    parser.add_argument("--addresses", type=Path, default=Path("var/addresses.json"))
    arguments = parser.parse_args()
    if not arguments.addresses.exists():
        print("start the server first: make serve", file=sys.stderr)
        return 1
    story = Story.of(json.loads(arguments.addresses.read_text()))
    try:
        for number, step in enumerate(STEPS, 1):
            print(f"{number:2d}. {step.__doc__ or step.__name__}", flush=True)
            for line in step(story):
                print(f"      {line}", flush=True)
    except (CheckFailed, Refused) as error:
        print(f"\nFAILED at step {number}: {error}", file=sys.stderr)
        return 1
    print(story.timeline())
    print("\nEvery check held.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
