"""Is everything in order? One module for each part of the gateway's surroundings. Looks, and changes nothing."""
