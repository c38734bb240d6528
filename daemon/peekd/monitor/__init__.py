"""The Proxy Monitor: what pages show, and how they are drawn and written. Who may see them is `serving`'s."""
