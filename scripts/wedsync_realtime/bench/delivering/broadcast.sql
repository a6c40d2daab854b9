-- What of Supabase Realtime a broadcast goes through: its names, arguments and steps.

create schema if not exists realtime;

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
create table realtime.messages_all partition of realtime.messages default;

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

update wedsync_realtime.settings set broadcast_enabled = true;
