"""One folder per wire language, the same verbs in each; `interface` says which."""
