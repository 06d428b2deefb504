"""The pages: translate what was sent, call one service, answer. One module a topic."""
