"""The healing kernel: what happened + what was tried -> what to do next. Pure; never names a protocol."""
