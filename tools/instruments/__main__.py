"""`python -m tools.instruments`: a simulated day of every profile, as a table."""

import argparse
import sys

from dosebook_edge.capture.instrument.catalogue.loader import shipped
from tools.instruments.day import run_day
from tools.instruments.verdict import judge, table


def main(arguments: list[str]) -> int:
    """Play the days; 0 where nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.instruments")
    parser.add_argument("profiles", nargs="*", help="ids; all that ship unless said")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--exposures", type=int, default=50)
    parser.add_argument("--why", action="store_true", help="tell each that is not exact")
    said = parser.parse_args(arguments)
    verdicts = []
    for name in said.profiles or shipped():
        verdict = judge(run_day(name, said.seed, count=said.exposures))
        verdicts.append(verdict)
        for line in (*verdict.wrong, *(verdict.explained if said.why else ())):
            print(f"{name}: {line}", file=sys.stderr)
    print(table(verdicts))
    return 1 if any(one.wrong for one in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
