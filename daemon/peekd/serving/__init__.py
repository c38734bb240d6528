"""The HTTP face: routes, who may call, and how an answer is handed to Quart. The only room here that knows quart."""
