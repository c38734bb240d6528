"""The HTTP face: routes, who may call, and how a request is taken from a server and answered; the one room that knows Quart."""
