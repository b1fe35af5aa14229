"""Each operation of the first slice is exercised by some test here."""

from __future__ import annotations

from pathlib import Path

import pytest

OPERATIONS = """
create_rest_api get_rest_apis get_rest_api update_rest_api delete_rest_api import_rest_api put_rest_api
create_resource get_resources get_resource update_resource delete_resource
put_method get_method update_method delete_method
put_method_response get_method_response update_method_response delete_method_response
put_integration get_integration update_integration delete_integration
put_integration_response get_integration_response update_integration_response delete_integration_response
create_deployment get_deployments get_deployment update_deployment delete_deployment
create_stage get_stages get_stage update_stage delete_stage
create_api_key get_api_keys get_api_key update_api_key delete_api_key import_api_keys
create_usage_plan get_usage_plans get_usage_plan update_usage_plan delete_usage_plan
create_usage_plan_key get_usage_plan_keys get_usage_plan_key delete_usage_plan_key
get_usage update_usage get_account update_account tag_resource untag_resource get_tags
""".split()

SOURCES = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_operation_is_exercised(operation: str) -> None:
    assert f".{operation}(" in SOURCES or f".{operation}," in SOURCES or f'"{operation}"' in SOURCES
