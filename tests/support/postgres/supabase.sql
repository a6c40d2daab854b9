-- What of Supabase Realtime the package meets, for tests: the same names, arguments and meaning.
-- Messages come with partitions from yesterday to three days ahead.

create schema realtime;
grant usage on schema realtime to public;

create table realtime.messages (
    topic       text not null,
    extension   text not null,
    payload     jsonb,
    event       text,
    private     boolean default false,
    updated_at  timestamp not null default now(),
    inserted_at timestamp not null default now(),
    id          uuid not null default gen_random_uuid(),
    constraint messages_pkey primary key (id, inserted_at)
) partition by range (inserted_at);
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to public;

do $$
declare
    v_day date;
begin
    for v_ahead in -1..3 loop
        v_day := timezone('utc', now())::date + v_ahead;
        execute format(
            'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
            'messages_' || to_char(v_day, 'YYYY_MM_DD'), v_day, v_day + 1
        );
    end loop;
end
$$;

create function realtime.topic()
    returns text
    language sql
    stable
begin atomic
    select nullif(current_setting('realtime.topic', true), '');
end;

-- As its caller; whatever fails becomes a warning, and the message is gone.
create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
    returns void
    language plpgsql
    volatile
    security invoker
as $$
declare
    v_id uuid := gen_random_uuid();
begin
    begin
        perform set_config('realtime.topic', send.topic, true);
        insert into realtime.messages (id, payload, event, topic, private, extension)
        values (
            v_id,
            case
                when send.payload ? 'id' then send.payload
                else jsonb_set(send.payload, '{id}', to_jsonb(v_id))
            end,
            send.event, send.topic, send.private, 'broadcast'
        );
    exception
        when others then raise warning 'not sent: %', sqlerrm;
    end;
end
$$;
