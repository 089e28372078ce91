#!/usr/bin/python3
"""A filter of zerowire proxy: what becomes of a message stands in it."""
import json, sys

for line in sys.stdin:
    message = json.loads(line)
    if "event" in message:
        if message["event"] == "open":
            print(json.dumps({"connection": message["connection"], "to": "client", "text": "welcome to " + message["path"]}), flush=True)
        continue
    verdict, text = {"id": message["id"]}, message.get("text")
    if message["from"] == "client":
        if text == "drop":
            verdict["drop"] = True
        elif text == "slow":
            verdict["delay"] = 0.3
        elif text == "shout":
            verdict["text"] = "SHOUT"
        elif text == "binary":
            verdict["base64"] = "AAH/"
        elif text == "end":
            sys.exit(3)
        elif text == "nonsense":
            print("nonsense", flush=True)
    elif text == "twice":
        print(json.dumps({"connection": message["connection"], "to": "client", "text": "first"}), flush=True)
    print(json.dumps(verdict), flush=True)
