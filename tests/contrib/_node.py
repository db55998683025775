"""The real Elasticsearch node that tests know by the environment.

test_node.py says which variables there are.
"""

import base64
import json
import os
import ssl
import urllib.request

__all__ = ["ENV", "PATIENCE", "call"]

ENV = {name[14:].lower(): value for name, value in os.environ.items()
       if name.startswith("ELASTICSEARCH_") and value}

PATIENCE = 120      # seconds; a node takes its time


def call(method, path, body=None, kind="application/json"):
    """
    Return what the node answers to a request of these tests.

    *body* is a text of the type *kind*, or what such a text is made of.
    """
    headers = {"Content-Type": kind}
    if "basic_auth" in ENV:
        headers["Authorization"] = "Basic " + base64.b64encode(
            ENV["basic_auth"].encode()).decode()
    if body is not None:
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    request = urllib.request.Request(ENV["url"] + path, body, headers,
                                     method=method)
    context = (ssl.create_default_context(cafile=ENV["ca_file"])
               if "ca_file" in ENV else None)
    with urllib.request.urlopen(request, context=context,
                                timeout=PATIENCE) as answer:
        return json.loads(answer.read() or b"null")
