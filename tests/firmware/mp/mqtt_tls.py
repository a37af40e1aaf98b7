# Arguments: port, ca, certificate, key, client identifier, topic to hear, topic to write. Prints what came of it.
import asyncio
import sys
from collections import namedtuple

from voltseal_device import mqtt
from voltseal_device.port import tls

Settings = namedtuple("Settings", ("broker_host", "broker_port", "tls_server_name", "keepalive_s"))


async def main(words):
    broker_port, authority, certificate, key, name, down, up = words
    context = tls.tls_context(authority, certificate, key)
    try:
        settings = Settings("localhost", int(broker_port), "localhost", 30)
        connection = await mqtt.connect(settings, context, name, down)
    except (OSError, EOFError, ValueError, mqtt.MqttError) as error:
        print("refused", type(error).__name__)
        return
    await connection.publish(up, b"from the firmware")
    while True:
        _, topic, payload = await asyncio.wait_for(connection.receive(), 10)
        if payload is not None:
            print("heard", topic, payload.decode())
            break
    await connection.close(True)


asyncio.run(main(sys.argv[1:]))
