"""What was done, for people to read: journal entries and the requests kept in memory."""
