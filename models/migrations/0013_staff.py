from collections.abc import Sequence
from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.migrations.schema_generator.state import State

from models.ids import uuid7
from models.rules.units import UnitKind

TABLES = """
CREATE TABLE units (
  id varchar(32) PRIMARY KEY, name varchar(100) NOT NULL UNIQUE, kind varchar(16) NOT NULL,
  uscc varchar(18) UNIQUE, region varchar(12) NOT NULL,
  parent_id varchar(32) REFERENCES units (id) ON DELETE RESTRICT);
CREATE TABLE staff_sessions (
  id uuid PRIMARY KEY, member_id uuid NOT NULL REFERENCES staff_members (id) ON DELETE CASCADE,
  setup boolean NOT NULL, started_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
  ended_at timestamptz);
CREATE INDEX ix_staff_sessions_member ON staff_sessions (member_id);
CREATE TABLE file_approvals (
  id uuid PRIMARY KEY, member_id uuid NOT NULL REFERENCES staff_members (id) ON DELETE RESTRICT,
  case_id uuid REFERENCES cases (id) ON DELETE CASCADE,
  item_id uuid REFERENCES items (id) ON DELETE CASCADE, purpose varchar(200) NOT NULL,
  asked_at timestamptz NOT NULL, decided_by uuid, decided_at timestamptz, until timestamptz,
  CHECK (case_id IS NULL OR item_id IS NULL));
CREATE INDEX ix_file_approvals_case ON file_approvals (case_id);
CREATE INDEX ix_file_approvals_member ON file_approvals (member_id, until);
CREATE TABLE readings (
  id uuid PRIMARY KEY, reader varchar(64) NOT NULL, object_type varchar(32) NOT NULL,
  object_id varchar(64) NOT NULL, at timestamptz NOT NULL,
  CONSTRAINT uq_readings UNIQUE (reader, object_type, object_id));
CREATE TABLE machine_keys (
  id uuid PRIMARY KEY,
  machine_id uuid NOT NULL REFERENCES backoffice_clients (id) ON DELETE CASCADE,
  kid varchar(64) NOT NULL, jwk jsonb NOT NULL, valid_from timestamptz NOT NULL,
  valid_until timestamptz, revoked_at timestamptz, added_at timestamptz NOT NULL,
  CONSTRAINT uq_machine_keys UNIQUE (machine_id, kid));
"""
# Whoever was named as a text becomes a unit: an agency by its items, a township by its window.
FILL = """
INSERT INTO units (id, name, kind, uscc, region)
SELECT DISTINCT ON (agency_uscc) agency_uscc, agency, 'AGENCY', agency_uscc,
  substr(agency_uscc, 3, 6) FROM items ORDER BY agency_uscc ON CONFLICT DO NOTHING;
INSERT INTO units (id, name, kind, region)
SELECT md5(unit), unit, CASE WHEN unit ~ '镇|乡|街道' THEN 'TOWNSHIP' ELSE 'COUNTY_CENTER' END,
  min(region) FROM windows GROUP BY unit ON CONFLICT DO NOTHING;
INSERT INTO units (id, name, kind, region)
SELECT DISTINCT md5(unit), unit, 'AGENCY', '' FROM staff_members ON CONFLICT DO NOTHING;
"""
COLUMNS = """
ALTER TABLE windows ADD COLUMN unit_id varchar(32) REFERENCES units (id) ON DELETE RESTRICT;
UPDATE windows SET unit_id = u.id FROM units u WHERE u.name = windows.unit;
ALTER TABLE windows ALTER COLUMN unit_id SET NOT NULL, DROP COLUMN unit;
ALTER TABLE staff_members ADD COLUMN unit_id varchar(32) REFERENCES units (id) ON DELETE RESTRICT,
  ADD COLUMN head boolean NOT NULL DEFAULT false, ADD COLUMN initial_until timestamptz,
  ADD COLUMN totp_sealed bytea, ADD COLUMN totp_since timestamptz,
  ADD COLUMN totp_step bigint NOT NULL DEFAULT 0, ADD COLUMN recovery jsonb NOT NULL DEFAULT '[]';
UPDATE staff_members SET unit_id = u.id FROM units u WHERE u.name = staff_members.unit;
ALTER TABLE staff_members ALTER COLUMN unit_id SET NOT NULL, DROP COLUMN unit,
  ADD CONSTRAINT ck_staff_members_powers CHECK (
    NOT roles ?| ARRAY['ADMIN', 'AUDITOR'] OR jsonb_array_length(roles) = 1);
ALTER TABLE cases ADD COLUMN window_id varchar(32) REFERENCES windows (id) ON DELETE RESTRICT;
CREATE INDEX ix_cases_window ON cases (window_id) WHERE window_id IS NOT NULL;
CREATE INDEX ix_audit_log_at ON audit_log (at);
CREATE INDEX ix_audit_log_actor ON audit_log (actor_id, seq);
CREATE INDEX ix_audit_log_object ON audit_log (object_id, seq);
ALTER TABLE backoffice_clients DROP COLUMN secret_hash,
  ADD COLUMN scopes jsonb NOT NULL DEFAULT '[]', ADD COLUMN networks jsonb NOT NULL DEFAULT '[]';
UPDATE backoffice_clients SET scopes = '["events:write", "materials:read", "packages:pull"]'
"""
BACK = """
ALTER TABLE backoffice_clients ADD COLUMN secret_hash varchar(200) NOT NULL DEFAULT '',
  DROP COLUMN scopes, DROP COLUMN networks;
DROP INDEX ix_audit_log_at, ix_audit_log_actor, ix_audit_log_object;
ALTER TABLE cases DROP COLUMN window_id;
ALTER TABLE windows ADD COLUMN unit varchar(100);
UPDATE windows SET unit = u.name FROM units u WHERE u.id = windows.unit_id;
ALTER TABLE windows ALTER COLUMN unit SET NOT NULL, DROP COLUMN unit_id;
ALTER TABLE staff_members ADD COLUMN unit varchar(100);
UPDATE staff_members SET unit = u.name FROM units u WHERE u.id = staff_members.unit_id;
ALTER TABLE staff_members ALTER COLUMN unit SET NOT NULL, DROP CONSTRAINT ck_staff_members_powers,
  DROP COLUMN unit_id, DROP COLUMN head, DROP COLUMN initial_until, DROP COLUMN totp_sealed,
  DROP COLUMN totp_since, DROP COLUMN totp_step, DROP COLUMN recovery;
DROP TABLE machine_keys, readings, file_approvals, staff_sessions, units
"""


class Declared(ops.RunSQL):
    """Statements, and what they make of the models: one operation, for each one costs seconds."""

    def __init__(self, sql: str, reverse_sql: str, states: Sequence[ops.TortoiseOperation]) -> None:
        super().__init__(sql, reverse_sql)
        self.states = states

    def state_forward(self, app_label: str, state: State) -> None:
        for each in self.states:
            each.state_forward(app_label, state)


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True)


def _at(**more: Any) -> Any:
    return fields.DatetimeField(auto_now=False, auto_now_add=False, **more)


def _json(**more: Any) -> Any:
    return fields.JSONField(encoder=JSON_DUMPS, decoder=loads, **more)


def _key(
    model: str,
    column: str,
    *,
    null: bool = False,
    related_name: str | None = None,
    on_delete: OnDelete = OnDelete.RESTRICT,
) -> Any:
    make: Any = fields.ForeignKeyField
    return make(
        f'models.{model}', source_field=column, null=null, db_constraint=True, to_field='id',
        related_name=related_name, on_delete=on_delete,
    )


class Migration(migrations.Migration):
    dependencies = [('models', '0012_mandates')]

    initial = False

    operations = [
        Declared(TABLES + FILL + COLUMNS, BACK, [
            ops.CreateModel(
                name='OrgUnit',
                fields=[
                    ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                    ('name', fields.CharField(unique=True, max_length=100)),
                    ('kind', fields.CharEnumField(description='COUNTY_CENTER: COUNTY_CENTER\nAGENCY: AGENCY\nTOWNSHIP: TOWNSHIP', enum_type=UnitKind, max_length=16)),
                    ('uscc', fields.CharField(null=True, unique=True, max_length=18)),
                    ('region', fields.CharField(max_length=12)),
                    ('parent', _key('OrgUnit', 'parent_id', null=True, related_name='children')),
                ],
                options={'table': 'units', 'app': 'models', 'pk_attr': 'id', 'table_description': "机构: the county's hall, an agency (by its 统一社会信用代码) or a township."},
                bases=['Model'],
            ),
            ops.CreateModel(
                name='StaffSession',
                fields=[
                    ('id', _id()),
                    ('member', _key('StaffMember', 'member_id', related_name='sessions', on_delete=OnDelete.CASCADE)),
                    ('setup', fields.BooleanField(default=False)),
                    ('started_at', _at()),
                    ('expires_at', _at()),
                    ('ended_at', _at(null=True)),
                ],
                options={'table': 'staff_sessions', 'app': 'models', 'indexes': [Index(fields=['member_id'], name='ix_staff_sessions_member')], 'pk_attr': 'id', 'table_description': '会话: as long as it stands, its token is good. With ``setup`` it only sets up the login.'},
                bases=['Model'],
            ),
            ops.CreateModel(
                name='FileApproval',
                fields=[
                    ('id', _id()),
                    ('member', _key('StaffMember', 'member_id', related_name='approvals')),
                    ('case_id', fields.UUIDField(null=True)),
                    ('item_id', fields.UUIDField(null=True)),
                    ('purpose', fields.CharField(max_length=200)),
                    ('asked_at', _at()),
                    ('decided_by', fields.UUIDField(null=True)),
                    ('decided_at', _at(null=True)),
                    ('until', _at(null=True)),
                ],
                options={'table': 'file_approvals', 'app': 'models', 'indexes': [Index(fields=['case_id'], name='ix_file_approvals_case'), Index(fields=['member_id', 'until'], name='ix_file_approvals_member')], 'pk_attr': 'id', 'table_description': "查阅审批: that somebody may open a minor's or a medical file, and who allowed it."},
                bases=['Model'],
            ),
            ops.CreateModel(
                name='Reading',
                fields=[
                    ('id', _id()),
                    ('reader', fields.CharField(max_length=64)),
                    ('object_type', fields.CharField(max_length=32)),
                    ('object_id', fields.CharField(max_length=64)),
                    ('at', _at()),
                ],
                options={'table': 'readings', 'app': 'models', 'constraints': [UniqueConstraint(fields=('reader', 'object_type', 'object_id'), name='uq_readings')], 'pk_attr': 'id', 'table_description': '阅档: when somebody last had something shown, so that polling is recorded once a minute.'},
                bases=['Model'],
            ),
            ops.CreateModel(
                name='MachineKey',
                fields=[
                    ('id', _id()),
                    ('machine', _key('BackofficeClient', 'machine_id', related_name='keys', on_delete=OnDelete.CASCADE)),
                    ('kid', fields.CharField(max_length=64)),
                    ('jwk', _json()),
                    ('valid_from', _at()),
                    ('valid_until', _at(null=True)),
                    ('revoked_at', _at(null=True)),
                    ('added_at', _at()),
                ],
                options={'table': 'machine_keys', 'app': 'models', 'constraints': [UniqueConstraint(fields=('machine_id', 'kid'), name='uq_machine_keys')], 'pk_attr': 'id', 'table_description': 'A public key (JWK) of a back-office system; two can be good at once, so that one follows'},
                bases=['Model'],
            ),
            ops.AlterModelOptions(name='StaffMember', options={'table': 'staff_members', 'app': 'models', 'pk_attr': 'id', 'table_description': '工作人员. ``roles`` holds names of ``models.rules.events.Role``; a ``head`` leads the unit.'}),
            ops.RemoveField(model_name='Window', name='unit'),
            ops.AddField(model_name='Window', name='unit', field=_key('OrgUnit', 'unit_id', related_name='windows')),
            ops.RemoveField(model_name='StaffMember', name='unit'),
            ops.AddField(model_name='StaffMember', name='unit', field=_key('OrgUnit', 'unit_id', related_name='members')),
            ops.AddField(model_name='StaffMember', name='head', field=fields.BooleanField(default=False, db_default=False)),
            ops.AddField(model_name='StaffMember', name='initial_until', field=_at(null=True)),
            ops.AddField(model_name='StaffMember', name='totp_sealed', field=fields.BinaryField(null=True)),
            ops.AddField(model_name='StaffMember', name='totp_since', field=_at(null=True)),
            ops.AddField(model_name='StaffMember', name='totp_step', field=fields.BigIntField(default=0, db_default=0)),
            ops.AddField(model_name='StaffMember', name='recovery', field=_json(default=list, db_default='[]')),
            ops.AddField(model_name='Case', name='window', field=_key('Window', 'window_id', null=True, related_name='cases')),
            ops.RemoveField(model_name='BackofficeClient', name='secret_hash'),
            ops.AddField(model_name='BackofficeClient', name='scopes', field=_json(default=list, db_default='[]')),
            ops.AddField(model_name='BackofficeClient', name='networks', field=_json(default=list, db_default='[]')),
        ]),
    ]
