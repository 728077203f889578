"""Long work in independent pieces: in processes of this machine, or on a Ray cluster where FER_CLUSTER names one."""
