// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

/// Prices by cToken, as a Comptroller asks for them. 0 is "no price"; a broken one reverts.
contract CompoundOracle {
    mapping(address => uint256) private prices;
    mapping(address => bool) private broken;

    function isPriceOracle() external pure returns (bool) {
        return true;
    }

    function set(address cToken, uint256 price) external {
        prices[cToken] = price;
    }

    function setBroken(address cToken, bool isBroken) external {
        broken[cToken] = isBroken;
    }

    function getUnderlyingPrice(address cToken) external view returns (uint256) {
        require(!broken[cToken], "broken");
        return prices[cToken];
    }
}
