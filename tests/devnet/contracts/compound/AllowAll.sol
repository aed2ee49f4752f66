// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

/// The access control of a Comptroller whose governance is the test.
contract AllowAll {
    function isAllowedToCall(address, string calldata) external pure returns (bool) {
        return true;
    }
}
