"""What tests of more than one folder share; here what any of them waits, looks up and reads by."""
