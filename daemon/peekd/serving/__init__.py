"""The HTTP face: routes, who may call, how a request is taken and answered; the one room that knows Quart."""
