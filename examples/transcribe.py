"""Transcribes a WAV file (16 bits, mono) with nothing but the package `websockets`:

    pip install websockets
    python3 examples/transcribe.py word.wav http://localhost:8080

A token in SAWT_TOKEN goes to /ws/secure; without one, /ws is used.
"""
import asyncio, json, os, sys, wave
import websockets

async def main(file, server="http://localhost:8080"):
    token = os.environ.get("SAWT_TOKEN")
    url = server.replace("http", "ws", 1) + ("/ws/secure" if token else "/ws")
    protocols = ["sawt.v1"] + ([f"bearer.{token}"] if token else [])
    async with websockets.connect(url, subprotocols=protocols, compression=None) as socket:
        with wave.open(file) as sound:
            audio = {"encoding": "pcm_s16le", "sample_rate": sound.getframerate()}
            await socket.send(json.dumps({"type": "session.start", "mode": "file", "partials": False, "audio": audio}))
            ready = json.loads(await socket.recv())
            if ready["type"] != "session.ready":
                sys.exit(f"refused: {ready}")
            while samples := sound.readframes(1600):
                await socket.send(samples)
        # In file mode everything is recognised before the session ends.
        await socket.send(json.dumps({"type": "session.end"}))
        async for frame in socket:
            message = json.loads(frame)
            if message["type"] == "transcript.final":
                print(message["start_ms"], message["text"])
            if message["type"] == "error":
                sys.exit(f"{message['code']}: {message['message']}")

asyncio.run(main(*sys.argv[1:]))
