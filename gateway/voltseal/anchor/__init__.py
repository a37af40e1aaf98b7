"""Anchors checkpoints outside the gateway, behind one interface whose backends are picked by URI scheme."""
