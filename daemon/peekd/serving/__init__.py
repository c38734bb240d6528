"""The HTTP face: routes, who may call, and how an answer is handed to Quart, which no other room knows."""
