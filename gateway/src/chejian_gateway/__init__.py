"""readme = "README.md"""
