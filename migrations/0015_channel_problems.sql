-- 0015 channel problems: why a deployment leaves a channel disabled.
-- Undo: alter table wedsync_realtime.channels drop column problem (the reasons are lost; channels
-- stay disabled until somebody enables them).

alter table wedsync_realtime.channels
add column problem text,
-- there are some rows, which are checked at once
-- squawk-ignore constraint-missing-not-valid
add constraint channels_problem_check check (problem is null or not is_enabled);

comment on column wedsync_realtime.channels.problem is
'Why a deployment has disabled it; the one that finds this repaired enables it again. Set it to '
'null to keep it disabled.';

-- A channel is enabled once its table is attached: a subscriber to one that is not would wait for
-- changes that nothing records.
update wedsync_realtime.channels
set is_enabled = false, problem = 'it is not attached yet'
where found_published is null and is_enabled;

-- What these files held is made by attach_tables(), table by table.
delete from wedsync_realtime.deployed_scripts
where path in (
    'policies/clients.sql', 'policies/user_profiles.sql', 'policies/wedding_details.sql'
);
