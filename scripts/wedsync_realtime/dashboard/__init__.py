"""A page that shows the state of the realtime system, served on this machine only."""
