"""How it is measured: ways compared in turn, and the figures that come of it, printed."""
