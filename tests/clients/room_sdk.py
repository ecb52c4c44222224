#!/usr/bin/env python3
"""The local room under `webexpythonsdk`, a client that somebody else wrote.

Usage: room_sdk.py BASE PERSON_TOKEN BOT_TOKEN    (BASE like http://127.0.0.1:PORT)
Needs: pip install webexpythonsdk==2.0.6
It leaves a few messages in the room and no webhook.
"""

import sys

from webexpythonsdk import ApiError, WebexAPI

CARD = {
    "contentType": "application/vnd.microsoft.card.adaptive",
    "content": {
        "type": "AdaptiveCard",
        "version": "1.3",
        "body": [{"type": "TextBlock", "text": "Go on?"}],
        "actions": [{"type": "Action.Submit", "title": "Confirm", "data": {"id": "c-1"}}],
    },
}


def refused(status, call):
    """The room refuses the call with this status, in Webex's shape."""
    try:
        call()
    except ApiError as error:
        assert error.status_code == status, error
        assert error.details["trackingId"] and error.message, error
    else:
        raise AssertionError(f"the call was to be refused with {status}")


def people_and_rooms(ann, bot):
    me, robot = ann.people.me(), bot.people.me()
    assert (me.type, robot.type) == ("person", "bot"), (me, robot)
    assert ann.people.get(robot.id).displayName == robot.displayName
    rooms = list(ann.rooms.list(type="group"))
    assert len(rooms) == 1 and rooms[0].type == "group"
    seats = list(ann.memberships.list(roomId=rooms[0].id))
    assert {me.id, robot.id} <= {seat.personId for seat in seats}
    return me, robot, rooms[0]


def messages(ann, bot, robot, room):
    unheard = ann.messages.create(roomId=room.id, text="lunch?")
    refused(404, lambda: bot.messages.get(unheard.id))
    order = ann.messages.create(roomId=room.id, markdown=f"<@personId:{robot.id}> status **now**")
    assert order.text == f"{robot.displayName} status now" and order.mentionedPeople == [robot.id], order
    assert f'data-object-id="{robot.id}"' in order.html and "<strong>now</strong>" in order.html
    assert [m.id for m in ann.messages.list(room.id)][0] == order.id

    answer = bot.messages.create(roomId=room.id, parentId=order.id, markdown="`web`: 2 of 2")
    assert answer.parentId == order.id
    thread = list(ann.messages.list(room.id, parentId=order.id))
    assert answer.id in [m.id for m in thread] and {m.parentId for m in thread} == {order.id}
    edited = bot.messages.update(messageId=answer.id, roomId=room.id, markdown="`web`: 3 of 3")
    assert edited.text == "web: 3 of 3" and edited.json_data["updated"]
    bot.messages.delete(answer.id)
    refused(404, lambda: ann.messages.get(answer.id))
    direct = ann.messages.create(toPersonId=robot.id, text="hello")
    assert direct.roomType == "direct" and bot.messages.get(direct.id).text == "hello"
    refused(400, lambda: ann.messages.create(roomId=room.id, text="x" * 7440))
    return order


def cards(ann, bot, order, room):
    card = bot.messages.create(roomId=room.id, parentId=order.id, text="Go on?", attachments=[CARD])
    assert ann.messages.get(card.id).attachments[0]["content"]["actions"][0]["data"] == {"id": "c-1"}
    press = ann.attachment_actions.create(type="submit", messageId=card.id, inputs={"id": "c-1"})
    seen = bot.attachment_actions.get(press.id)
    assert (seen.inputs, seen.personId, seen.roomId) == ({"id": "c-1"}, ann.people.me().id, room.id), seen
    refused(400, lambda: bot.attachment_actions.create(type="submit", messageId=card.id, inputs={"id": "c-1"}))
    refused(400, lambda: ann.attachment_actions.create(type="submit", messageId=order.id, inputs={"id": "c-1"}))


def webhooks(bot):
    hook = bot.webhooks.create(
        name="sdk", targetUrl="http://127.0.0.1:9/webex", resource="messages", event="created", secret="s")
    assert (hook.status, hook.secret) == ("active", "s"), hook
    assert hook.id in [h.id for h in bot.webhooks.list()]
    changed = bot.webhooks.update(hook.id, name="renamed", targetUrl="http://127.0.0.1:9/other")
    assert (changed.name, changed.targetUrl) == ("renamed", "http://127.0.0.1:9/other")
    bot.webhooks.delete(hook.id)
    refused(404, lambda: bot.webhooks.delete(hook.id))
    refused(400, lambda: bot.webhooks.create(
        name="away", targetUrl="http://example.com/", resource="messages", event="created"))


def main():
    base, person_token, bot_token = sys.argv[1:]
    # Without the trailing slash the SDK drops the path.
    ann = WebexAPI(access_token=person_token, base_url=f"{base}/v1/")
    bot = WebexAPI(access_token=bot_token, base_url=f"{base}/v1/")
    refused(401, lambda: WebexAPI(access_token="nobody's", base_url=f"{base}/v1/").people.me())
    _, robot, room = people_and_rooms(ann, bot)
    order = messages(ann, bot, robot, room)
    cards(ann, bot, order, room)
    webhooks(bot)
    print("webexpythonsdk: all as expected")


if __name__ == "__main__":
    main()
