-- The package's schema and the ledger of what was deployed into it.
-- Undo: drop schema wedsync_realtime cascade (loses the package with all its data).

create schema if not exists wedsync_realtime;
comment on schema wedsync_realtime is
'Realtime subscription management: registry, settings, event feed and the bodies behind the RPCs.';

create table wedsync_realtime.deployed_scripts (
    path       text not null,
    checksum   text not null,
    kind       text not null,
    applied_at timestamptz not null default clock_timestamp(),
    applied_by text not null default session_user,
    duration   interval not null,
    constraint deployed_scripts_pkey primary key (path)
);

alter table wedsync_realtime.deployed_scripts enable row level security;
revoke all on table wedsync_realtime.deployed_scripts from public;
do $$
declare
    v_role text;
begin
    -- default privileges may have granted to the API roles by name; they may also not exist yet
    for v_role in
        select r.rolname
        from pg_catalog.pg_roles as r
        where r.rolname in ('anon', 'authenticated')
    loop
        execute format('revoke all on table wedsync_realtime.deployed_scripts from %I', v_role);
    end loop;
end
$$;

comment on table wedsync_realtime.deployed_scripts is
'Ledger of the runner: the script files deployed into this database, one row per file.';
comment on column wedsync_realtime.deployed_scripts.path is 'File, relative to the package.';
comment on column wedsync_realtime.deployed_scripts.checksum is
'SHA-256 of the text that was deployed last.';
comment on column wedsync_realtime.deployed_scripts.kind is
'migration, function, view, policy, owner, trigger or job.';
comment on column wedsync_realtime.deployed_scripts.applied_at is 'When it was deployed last.';
comment on column wedsync_realtime.deployed_scripts.applied_by is 'Role that deployed it.';
comment on column wedsync_realtime.deployed_scripts.duration is 'How long it ran.';
