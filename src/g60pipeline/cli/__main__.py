"""`python -m g60pipeline.cli`."""

from g60pipeline.cli import main

main()
