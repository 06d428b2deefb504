"""What the tests stand on: a private Redis, PostgreSQL, workers, a whole site and a browser, all real."""
