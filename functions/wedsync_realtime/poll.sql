-- Return what the caller's lease has not been sent yet, and the cursor to go on from. The
-- decision is made again on every call. On a standby, or in a read-only transaction, nothing is
-- written: the lease is renewed and the topic settled by the polls on the primary.
-- Refuses: unauthorized, invalid_request, subscription_not_found, subscription_expired,
-- forbidden_channel.

create or replace function wedsync_realtime.poll(channel text, cursor text, max_events integer)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_user uuid := wedsync_realtime.caller_id();
    v_cursor wedsync_realtime.cursor;
    v_problem wedsync_realtime.problem;
    v_found record;
begin
    if v_user is null then
        v_problem := wedsync_realtime.to_problem('unauthorized');
    elsif max_events is null or max_events not between 1 and 1000 then
        v_problem := wedsync_realtime.to_problem(
            'invalid_request', 'max_events must be between 1 and 1000'
        );
    else
        v_problem := wedsync_realtime.check_channel_id(channel);
    end if;
    if v_problem.code is null and cursor is not null then
        v_cursor := wedsync_realtime.parse_cursor(cursor);
        if v_cursor.seen is null then
            v_problem := wedsync_realtime.to_problem(
                'invalid_request', 'cursor is none that poll or subscribe has answered'
            );
        end if;
    end if;
    if v_problem.code is null then
        v_found := wedsync_realtime.find_lease(v_user, channel, clock_timestamp());
        if v_found.problem_code is not null then
            v_problem := wedsync_realtime.to_problem(
                v_found.problem_code, hint => 'Subscribe again and go on from your cursor.'
            );
        end if;
    end if;
    if v_problem.code is not null then
        return wedsync_realtime.refuse(v_user, 'poll', v_problem);
    end if;

    if not v_found.is_ready and current_setting('transaction_read_only') = 'off' then
        v_found.is_ready := wedsync_realtime.settle_topic(v_found.topic_id);
    end if;
    if cursor is null then
        v_cursor.epoch := wedsync_realtime.epoch();
        v_cursor.topic_id := v_found.topic_id;
        v_cursor.seen := v_found.since;
    end if;
    return wedsync_realtime.fetch_events(
        v_found.topic_id, v_cursor, channel, v_found.filter_params, max_events, v_found.is_ready
    );
end
$$;

comment on function wedsync_realtime.poll(text, text, integer) is
'Events that a subscription of the caller has not been sent yet; the body of realtime_poll.';
revoke execute on function wedsync_realtime.poll(text, text, integer)
from public, anon;
grant execute on function wedsync_realtime.poll(text, text, integer)
to authenticated, service_role;
