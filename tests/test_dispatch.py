"""Dispatch: statements, tables, roles and states of the server that a change may come from."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.caller import Caller
from tests.support.listener import Listener, subscribed
from tests.support.people import People

INSERT = "insert into public.form_responses (supplier_id, form_name) values (%s, %s)"

ActAs = Callable[..., Caller]
Connect = Callable[[], psycopg.Connection]
