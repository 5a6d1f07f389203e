"""More workers, in other processes of this machine or of a cluster: the pool that trains there."""
