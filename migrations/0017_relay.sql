-- 0017 relay: the role of the program that reads the feed once for everybody, and what it reports.
-- Undo: drop table wedsync_realtime.relays; alter table wedsync_realtime.settings drop column
-- replay_events; revoke usage on schema wedsync_realtime from wedsync_realtime_relay (relays stop,
-- clients go on polling; the role goes by uninstall alone).

do $$
begin
    if to_regrole('wedsync_realtime_relay') is null then
        begin
            create role wedsync_realtime_relay nologin noinherit;
        exception
            -- another database of this cluster created it at the same moment
            when duplicate_object or unique_violation then null;
        end;
    end if;
    -- what clients ask for over the relay's connections is done as they would do it themselves
    if not pg_has_role('wedsync_realtime_relay', 'authenticated', 'member') then
        begin
            grant authenticated to wedsync_realtime_relay;
        exception
            when insufficient_privilege then
                raise warning 'as a superuser run '
                    '"grant authenticated to wedsync_realtime_relay": without it the relay '
                    'cannot serve what clients call through it';
        end;
    end if;
end
$$;

grant usage on schema wedsync_realtime to wedsync_realtime_relay;

alter table wedsync_realtime.settings
add column replay_events integer not null default 50000,
-- one row, which is checked at once
-- squawk-ignore constraint-missing-not-valid
add constraint settings_replay_events_check check (replay_events between 1000 and 10000000);

comment on column wedsync_realtime.settings.replay_events is
'A topic with more new events than this is pushed a resync instead of them.';

create table wedsync_realtime.relays (
    id             uuid not null,
    started_at     timestamptz not null default clock_timestamp(),
    seen_at        timestamptz not null default clock_timestamp(),
    is_leader      boolean not null,
    lag_events     bigint,
    lag_seconds    double precision,
    connections    bigint,
    logins         bigint,
    refused        jsonb not null default '{}',
    kicks          bigint,
    slow_consumers bigint,
    published      bigint,
    last_error     text,
    last_error_at  timestamptz,
    constraint relays_pkey primary key (id)
) with (fillfactor = 50);

comment on table wedsync_realtime.relays is
'What each relay last reported of itself, kept for a day.';
comment on column wedsync_realtime.relays.id is 'One run of a relay.';
comment on column wedsync_realtime.relays.started_at is 'When it reported first.';
comment on column wedsync_realtime.relays.seen_at is 'When it reported last.';
comment on column wedsync_realtime.relays.is_leader is
'Whether it reads the feed; the others answer logins and stand by.';
comment on column wedsync_realtime.relays.lag_events is 'Events it has read and not published yet.';
comment on column wedsync_realtime.relays.lag_seconds is 'Age of the oldest of them.';
comment on column wedsync_realtime.relays.connections is 'Clients connected to NATS.';
comment on column wedsync_realtime.relays.logins is 'Logins admitted since it started.';
comment on column wedsync_realtime.relays.refused is 'Logins refused since then, by reason.';
comment on column wedsync_realtime.relays.kicks is 'Connections closed since then.';
comment on column wedsync_realtime.relays.slow_consumers is
'Connections that NATS has closed since then because they did not keep up.';
comment on column wedsync_realtime.relays.published is 'Messages published since then.';
comment on column wedsync_realtime.relays.last_error is 'Its latest error.';
comment on column wedsync_realtime.relays.last_error_at is 'When that was.';

alter table wedsync_realtime.relays enable row level security;
