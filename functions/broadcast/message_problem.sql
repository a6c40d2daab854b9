-- Find out why realtime.send, which tells nobody but the server's log, has sent nothing: by
-- inserting the message as it does, and undoing that.

create or replace function wedsync_realtime.message_problem(
    payload       jsonb,
    event         text,
    topic         text,
    out code      text,
    out problem   text
)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into realtime.messages (payload, event, topic, private, extension)
    values (
        message_problem.payload, message_problem.event, message_problem.topic, true, 'broadcast'
    );
    raise exception 'realtime.send failed with a warning, which is in the server''s log'
        using errcode = 'WR002';
exception
    when others then
        get stacked diagnostics code = returned_sqlstate, problem = message_text;
end
$$;

comment on function wedsync_realtime.message_problem(jsonb, text, text) is
'Why realtime.send sends nothing.';
revoke execute on function wedsync_realtime.message_problem(jsonb, text, text)
from public, anon, authenticated, service_role;
