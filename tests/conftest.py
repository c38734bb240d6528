"""How laws are tried: no clock decides; CI tries the same examples every time, others look for new ones."""

import os

from hypothesis import settings

settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True)
settings.register_profile("long", parent=settings.get_profile("here"), max_examples=2000)  # ./dev fuzz
settings.load_profile("ci" if os.environ.get("CI") else "here")
