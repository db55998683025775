import os

# By changing this one name, we can run the tests against a different
# package: "logging", once this one is part of it.
PACKAGE = os.environ.get("JSONLOGGING_TEST_PACKAGE", "jsonlogging")
