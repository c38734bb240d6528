"""The words every room speaks: frozen structs without verbs, resting on nothing."""
