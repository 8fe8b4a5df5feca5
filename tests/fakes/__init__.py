"""Stand-ins that behave: they keep what they are told and refuse what the real thing refuses."""
