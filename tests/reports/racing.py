"""Acts of several people at the same instant: threads, each on a connection of its own (fixture `database`)."""

import threading

from django.db import connection

from reports.models import Submission

ROUNDS = 8


def at_once(*acts):
    """Run all acts at once, each on a connection of its own; return what each returned or raised."""
    start = threading.Barrier(len(acts))
    outcomes = [None] * len(acts)

    def run(number, act):
        try:
            connection.ensure_connection()
            start.wait(10)
            outcomes[number] = act()
        except Exception as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def again(submission):
    return Submission.objects.get(pk=submission.pk)
