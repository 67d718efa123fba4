"""The whole house on one machine: a stand-in for the cloud, and a real Home Assistant."""
